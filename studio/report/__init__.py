"""What a person reads beside a release: evidence maps and the page."""
