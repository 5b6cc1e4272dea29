-- The least that the two roles need, given by the owner once the ledger is there, and again after each migration:
--   psql -1 -v ON_ERROR_STOP=1 -v proxy=… -v auditor=… -f rights.sql
GRANT USAGE ON SCHEMA device_install_state_audit TO :"proxy", :"auditor";
GRANT SELECT ON ALL TABLES IN SCHEMA device_install_state_audit TO :"proxy";
GRANT SELECT ON
  device_install_state_audit.format, device_install_state_audit.ledger, device_install_state_audit.stream,
  device_install_state_audit.record, device_install_state_audit.pruned,
  device_install_state_audit.span, device_install_state_audit.posting
TO :"auditor";
GRANT INSERT ON
  device_install_state_audit.stream, device_install_state_audit.record,
  device_install_state_audit.span, device_install_state_audit.posting, device_install_state_audit.claim
TO :"proxy";
GRANT UPDATE (answer), DELETE ON device_install_state_audit.claim TO :"proxy";
-- For AUDIT_RETENTION_DAYS alone.
GRANT INSERT ON device_install_state_audit.pruned TO :"proxy";
GRANT DELETE ON
  device_install_state_audit.record, device_install_state_audit.span, device_install_state_audit.posting
TO :"proxy";
