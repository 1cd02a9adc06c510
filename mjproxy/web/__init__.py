"""The web server: Daphne with limits on bytes, time, connections and unread answers."""
