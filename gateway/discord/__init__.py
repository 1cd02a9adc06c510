"""Discord's wire: REST, the socket, uploads, the command index."""
