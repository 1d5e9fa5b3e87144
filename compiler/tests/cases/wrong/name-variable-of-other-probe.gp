begin { $start = nsecs; print($start); }
end { print(nsecs - $start); }
