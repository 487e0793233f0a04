-- What a database is beyond its objects, as a restore sets it again and a drill compares it.
SELECT
    pg_encoding_to_char(database.encoding) AS encoding,
    database.datcollate AS collate,
    database.datctype AS ctype,
    pg_get_userbyid(database.datdba) AS owner,
    database.datconnlimit AS connection_limit,
    database.datacl::text[] AS privileges,
    shobj_description(database.oid, 'pg_database') AS comment,
    pg_database_size(database.oid) AS bytes,
    (
        SELECT coalesce(json_object_agg(extension.extname, extension.extversion), '{}')
        FROM pg_extension AS extension
    ) AS extensions,
    (
        SELECT coalesce(json_agg(json_build_array(role.rolname, setting.setconfig)), '[]')
        FROM pg_db_role_setting AS setting
        LEFT JOIN pg_roles AS role ON role.oid = setting.setrole
        WHERE setting.setdatabase = database.oid
    ) AS settings,
    (SELECT count(*) FROM pg_largeobject_metadata) AS large_objects,
    (SELECT system_identifier::text FROM pg_control_system()) AS system_identifier
FROM pg_database AS database
WHERE database.datname = current_database()
