uprobe:libcc:malloc { @ = count(); }
