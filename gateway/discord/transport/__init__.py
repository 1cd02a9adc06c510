"""HTTP to Discord: curl sessions, certificates, headers, failures."""
