begin { for k, v := range @m { print(k); } }
