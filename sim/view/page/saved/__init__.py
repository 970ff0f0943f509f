"""A recorded battle as one HTML file that needs no server: what is in it, how it is packed, and the file."""
