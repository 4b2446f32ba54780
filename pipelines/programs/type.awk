# Types `words` words, one a line, into the file `out`: every key, of `keys` letters and a space, is
# as likely as every other. Random numbers are those of Park and Miller (1988), "Random number
# generators: good ones are hard to find": the same in every awk, which `rand()` is not.
function random() {
    state = (state * 16807) % 2147483647
    return state / 2147483647
}
BEGIN {
    state = seed * 1000003 + keys * 7919 + 1
    for (i = 0; i < 20; i++) random()
    letters = "abcdefghijklmnopqrstuvwxyz"
    while (typed < words) {
        key = int(random() * (keys + 1))
        if (key < keys) {
            word = word substr(letters, key + 1, 1)
        } else if (word != "") {
            print word > out
            word = ""
            typed++
        }
    }
}
