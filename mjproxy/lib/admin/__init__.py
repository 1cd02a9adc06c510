"""Parts of admin pages: base classes and forms with secrets."""
