"""What is wanted: types with their parsing and checking, limits, Table, the profile's form, the file form."""
