"""The application: losses compared, networks trained, wrong labels found."""
