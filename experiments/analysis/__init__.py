"""Statistics on results; draws and prints nothing."""
