# Reads `count word` lines, the most frequent word first. Writes the table of ranks that are powers
# of two into the file `out`, and reports how many words there are on standard output.
BEGIN { print "keys,seed,rank,count" > out; next_rank = 1 }
{
    words += $1
    if ($1 == 1) once++
    if (length($2) > longest) longest = length($2)
    if (NR == next_rank) {
        print keys "," seed "," NR "," $1 > out
        next_rank *= 2
    }
}
END {
    print "words=" words
    print "distinct=" NR
    print "once=" once + 0
    print "longest=" longest
}
