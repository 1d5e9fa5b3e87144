go:main.a_function_with_a_long_name, go:main.another_function_with_a_long_name { @calls[goid] = count(); }
go:main.f /args.oldval == Gwaiting && args.newval == Grunnable && args.gp.goid != 1 && args.gp.goid != 2/ { @a = 1; }
go:main.f { @first[goid] = count(); @second[goid] = hist(arg0); if (arg0 > 100) { @large[goid] = count(); } }
go:main.f
{
    printf("%d %d %d %d\n", $first_of_the_arguments, $second_of_the_arguments, $third_of_the_arguments, $fourth);
    @a_map_with_a_long_name[goid, cur_m, cur_p] = a_function_with_a_long_name($first_argument, $second_argument);
    $x = ($first_of_the_arguments + $second_of_the_arguments) * ($third_of_the_arguments + $fourth_of_them) == 1 || $y;
    if ($first_of_the_arguments == $second_of_the_arguments && $third_of_the_arguments == $fourth_of_them || 1) { f(); }
    $value = if ($first_of_the_arguments == $second_of_the_arguments) { $third_of_the_arguments } else { $fourth_ };
    $text = "a string that is a good deal longer than what is left of the hundred columns that there are, alas";
}
