"""People: commands, web page, sources, drawings, reports; the only package that joins the other three."""
