"""Reading archival sheets: `facade.read_facade`, `plan.read_plan`, `scale_bar.scale_bar`; `overlay.overlay` shows it."""
