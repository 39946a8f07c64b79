"""Reading archival sheets: scale, walls, openings."""
