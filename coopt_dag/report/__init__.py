"""Records become text and pages; pure render, nothing fetched.

Floor: 2nd. Doors: functions from records to text.
"""
