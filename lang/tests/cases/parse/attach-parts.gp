go::return { 1 }
uprobe:"/a:b":f { 1 }
profile:hz:99 { 1 }
