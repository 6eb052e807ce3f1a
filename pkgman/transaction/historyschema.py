"""The tables of the history, statement by statement, as tdnf makes them (tdnf contract, config 8)."""

SCHEMA = (
    "CREATE TABLE IF NOT EXISTS rpms(Id INTEGER PRIMARY KEY AUTOINCREMENT, nevra TEXT)",
    "CREATE TABLE IF NOT EXISTS transactions(Id INTEGER PRIMARY KEY AUTOINCREMENT, cookie TEXT,"
    " cmdline TEXT, timestamp INTEGER, type INTEGER)",
    "CREATE TABLE IF NOT EXISTS trans_items(Id INTEGER PRIMARY KEY AUTOINCREMENT, trans_id INTEGER,"
    " type INTEGER, rpm_id INTEGER)",
)
FLAG_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS names(Id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)",
    "CREATE TABLE IF NOT EXISTS flag_set(Id INTEGER PRIMARY KEY AUTOINCREMENT, trans_id INTEGER,"
    " name_id INTEGER, value INTEGER)",
)
