#!/usr/bin/gprobe
// one
go:a /* two */ /1/ // three
{ /* four */ }
