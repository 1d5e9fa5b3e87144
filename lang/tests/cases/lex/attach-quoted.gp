uprobe:"./a b":f { }
