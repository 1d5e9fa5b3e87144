software:page-fault:1 { @ = count(); }
