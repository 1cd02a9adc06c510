"""What follows a change of a task inside this app. Imported by TasksConfig.ready()."""
