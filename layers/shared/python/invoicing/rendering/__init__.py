"""Pages and mails: what people see of this product, in Swedish and English."""
