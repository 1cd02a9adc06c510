"""Live updates for clients: WebSocket, server-sent events, nudges."""
