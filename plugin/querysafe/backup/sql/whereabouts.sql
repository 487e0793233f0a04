-- Which server this is: a standby shares its primary's identifier but not its address.
SELECT concat_ws(
    ' ',
    (SELECT system_identifier FROM pg_control_system()),
    CASE WHEN pg_is_in_recovery() THEN 'standby' END,
    host(inet_server_addr()),
    inet_server_port()
)
