-- A rule that is deleted is looked for in all notifications.
CREATE INDEX notifications_of_rule ON notifications (rule_id);
