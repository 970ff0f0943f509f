"""One browser session: the live battle, its levers and branches, and what the browser has been sent."""
