go:main.plain /waitreason == "chan recieve"/ { @ = count(); }
