begin
{
	exit( ); // done 	


}
