begin { a ? b : c ? d : e; x ?: y }
