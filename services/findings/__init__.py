"""What a text says of a patient: findings with their assertion, and facts such as age and duration."""
