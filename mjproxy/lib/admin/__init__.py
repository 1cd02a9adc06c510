"""Parts of admin pages: the theme, forms with secrets."""
