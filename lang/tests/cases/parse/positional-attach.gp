tracepoint:$1 { $1 + $# }
