"""The settings of all apps as one document of the `/mj` dialect."""
