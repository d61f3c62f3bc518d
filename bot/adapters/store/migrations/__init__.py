"""How our tables came to be, one file per step; `upgrade` brings a database to the newest one."""
