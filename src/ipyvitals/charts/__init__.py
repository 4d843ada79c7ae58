"""Draw what a history recorded: figures for plotly, an SVG of each, and the report.

In come DataFrames as ``history()`` returns them, and for a live figure snapshots; out come figures
(`timeline`, `compare`, `live`) and HTML (`report`). pandas and plotly are imported when a figure is
made. The room takes no lock; a live figure is redrawn by the publisher, under the publisher's.
"""
