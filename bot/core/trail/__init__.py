"""The trail: hash-chained entries, checked, filtered, exported and told as a story."""
