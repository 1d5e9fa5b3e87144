begin { (*net/http.Request)(x).URL }
