module newsfeed

go 1.19
