// httplat: how long do the handlers of HTTP requests take, and what part of that do they wait?
//
//     gprobe httplat -p PID [--by route|path|method] [--min 10ms] [--top 20]
//
// A row for each method and path: requests, the time in all, how much of it the handler's goroutine was parked, and
// how long a request takes. The second table says what it was parked for: a lock, a channel, the network, a sleep. A
// handler that takes long and is parked little computes, is in system calls, or does not get a processor. It is the
// time in the handler and the middleware around it; to read a request's head and to send the last of the answer come
// on top, and what other goroutines do for the handler shows as its waiting for them.
//
// --min 10ms prints a line for each request that took longer. --by path and --by method put rows together. Counted are
// requests that began after the script, of servers of net/http, HTTP/1 and 2. One that ends with a panic that only the
// server recovers is not.
//
// Cost: two probes a request, one of them single-stepped, and two, emulated, on each park of any goroutine and each
// change of one's status.
//
// On a shop whose orders wait for each other (examples/targets/storefront):
//
//     HTTP requests - storefront (4242) - 5.0 s
//     method  path        total  requests  parked  request p50  request p90  request p99  request max
//     POST    /checkout  5.01 s       260  4.64 s      17.0 ms      35.8 ms      51.4 ms      58.7 ms
//     GET     /products  803 ms     2,613    0 ns      11.8 us      47.3 us      9.59 ms      32.5 ms
//     GET     /reviews   123 ms       261    0 ns      8.62 us      71.7 us      9.18 ms      27.3 ms
//     GET     /report    114 ms         7    0 ns      16.0 ms      29.9 ms      29.9 ms      30.4 ms
//
//     what handlers wait for - storefront (4242) - 5.0 s
//     method  path       reason             wait  waits
//     POST    /checkout  sleep            2.91 s    260
//     POST    /checkout  sync.Mutex.Lock  1.73 s    148
//     POST    /checkout  semacquire       429 us      1

let @began = golocal(100000);
let @method = golocal(100000);
let @path = golocal(100000);
let @parked = golocal(100000);
let @slept = golocal(100000);

// Text of a Go string, at an address.
macro text(p) { str(*(uint64*)(p), *(uint64*)((p) + 8) + 1) }

// `serverHandler.ServeHTTP(srv, w, req)`: in a `http.Request` Method comes first, then URL, in which Path is the sixth
// word and the one before the seventh: both types are public, and have been so since Go 1.19.
go:net/http.serverHandler.ServeHTTP
{
    $url = *(uint64*)(arg3 + 16);
    if comptime (getopt("by", "route", "a row for each: route, path or method") == "path") {
        @method[goid] = "*";
    } else {
        @method[goid] = text(arg3);
    }
    if comptime (getopt("by", "route") == "method") {
        @path[goid] = "*";
    } else {
        @path[goid] = text($url + 56);
    }
    @slept[goid] = (uint64)0;
    delete(@parked[goid]);
    @began[goid] = nsecs;
}

goroutine:park
/has_key(@began, goid)/
{
    @parked[goid] = (nsecs, args.reason);
}

goroutine:ready
/has_key(@parked, args.goid)/
{
    $park = @parked[args.goid];
    $ns = nsecs - $park.0;
    @slept[args.goid] += $ns;
    @waits[@method[args.goid], @path[args.goid], $park.1] = count();
    @wait_ns[@method[args.goid], @path[args.goid], $park.1] = sum($ns);
    delete(@parked[args.goid]);
}

go:net/http.serverHandler.ServeHTTP:return
/has_key(@began, goid)/
{
    $took = nsecs - @began[goid];
    $method = @method[goid];
    $path = @path[goid];
    @requests[$method, $path] = count();
    @total_ns[$method, $path] = sum($took);
    @parked_ns[$method, $path] = sum(@slept[goid]);
    @request_ns[$method, $path] = hist($took, 4);
    if comptime (getopt("min", 0ms, "a line for each request that takes longer; 0: none") != 0) {
        if ($took > getopt("min", 0ms)) {
            printf("%s %s took %s, parked for %s, goroutine %d\n", $method, $path, duration($took),
                duration(@slept[goid]), goid);
        }
    }
    delete(@began[goid]);
}

end
{
    clear(@began);
    clear(@method);
    clear(@path);
    clear(@parked);
    clear(@slept);
    table("HTTP requests|method|path", @total_ns, @requests, @parked_ns, @request_ns,
        getopt("top", 20, "most rows"));
    table("what handlers wait for|method|path|reason", @wait_ns, @waits, getopt("top", 20));
}
