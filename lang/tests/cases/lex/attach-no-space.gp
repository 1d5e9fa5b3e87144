BEGIN{ }
end{ }
