uprobe:malloc { @ = count(); }
