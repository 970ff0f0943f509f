"""The validation battery: rows T1 to T28, the small battles and runs they need, and the card they make."""
