"""Files with opportunities: write them as CSV, JSON and XLSX, and read them in many forms.

This room knows files only: no database, no request. It turns what a file calls a column, a status
or a date into the names and the forms of the API, which then checks the values.
"""
