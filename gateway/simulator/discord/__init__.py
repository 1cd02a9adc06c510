"""Discord: REST, gateway sockets, uploads, CDN."""
