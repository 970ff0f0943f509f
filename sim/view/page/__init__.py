"""The browser page: one widget that draws map, charts, time line and levers, and a session behind it that owns a battle."""
