# Tables that real work leaves and that figures find hard. Writes the one called `input` to `out`.
function noise(i,   x) { x = sin(i * 12.9898 + 1) * 43758.5453; x -= int(x); return x < 0 ? x + 1 : x }
function row(text) { print text > out }
function names(list) { return split(list, name, "|") }
# Names of 20 to 55 characters.
function long_names() {
    return names("variational autoencoder|importance-weighted, 50 samples|maximum a posteriori with an ablation|adversarial variational Bayes, spectral norm|hierarchical VAE without skip connections (ablated)|normalising flow of 8 coupling layers, affine, no mask|variational autoencoder, beta = 4|beta-TCVAE with minibatch-weighted sampling")
}
BEGIN {
    if (input == "dates") {
        row("day,method,seed,loss")
        for (d = 1; d <= 24; d++) for (m = 0; m < 2; m++) for (s = 0; s < 3; s++)
            row(sprintf("2026-%02d-%02d,%s,s%d,%.4f", 3 + int(d / 13), 1 + d % 13 * 2, m ? "iwae" : "vae", s, 2 + m + noise(d * 10 + m + s * 100)))
    } else if (input == "categories") {
        row("task,seed,score")
        for (c = 1; c <= 40; c++) for (s = 0; s < 4; s++)
            row(sprintf("task-%02d,s%d,%.4f", c, s, 0.4 + 0.5 * noise(c) + 0.1 * noise(c * 7 + s)))
    } else if (input == "names") {
        n = long_names()
        row("method,seed,score")
        for (c = 1; c <= n; c++) for (s = 0; s < 6; s++)
            row(sprintf("\"%s\",s%d,%.4f", name[c], s, 0.3 + 0.5 * noise(c) + 0.1 * noise(c * 7 + s)))
    } else if (input == "classes") {
        n = names("aeroplane|automobile|bird|cat|deer|dog|frog|horse|sailing ship|delivery truck")
        row("predicted,truth,count")
        for (i = 1; i <= n; i++) for (j = 1; j <= n; j++)
            row(sprintf("%s,%s,%d", name[j], name[i], i == j ? 800 + 190 * noise(i) : 40 * noise(i * 31 + j) * noise(i + j)))
    } else if (input == "series") {
        row("run,step,loss")
        for (c = 1; c <= 50; c++) for (k = 0; k <= 10; k++)
            row(sprintf("run-%02d,%d,%.4f", c, k, 1 + c / 50 + exp(-k / 3) * noise(c)))
    } else if (input == "offset") {
        row("method,step,energy")
        for (k = 1; k <= 8; k++) row(sprintf("vae,%d,%.3f", k, 1e6 + k / 1000))
    } else if (input == "subnormal") {
        row("method,step,gradient")
        for (k = 1; k <= 8; k++) row(sprintf("vae,%d,%de-320", k, 100 * k))
    } else if (input == "constant") {
        row("method,seed,iteration,rate")
        for (s = 0; s < 3; s++) for (k = 0; k < 1000; k++) row(sprintf("vae,s%d,%d,0.0001", s, k))
    } else if (input == "decades") {
        row("method,samples,error")
        for (k = -12; k <= 15; k++) row(sprintf("vae,1e%d,1e%d", k, -k / 2))
    } else if (input == "neighbours") {
        row("method,seed,samples,score")
        for (k = 1; k <= 8; k++) for (s = 0; s < (k % 2 ? 1 : 4); s++)
            row(sprintf("vae,s%d,%d,%.4f", s, k, k / 4 + noise(10 * k + s)))
    } else if (input == "ragged") {
        row("method,seed,iteration,loss")
        for (s = 0; s < 4; s++) for (k = 0; k <= 100 * (s + 1); k += 5)
            row(sprintf("vae,s%d,%d,%.4f", s, k, 3 + s + exp(-k / 60) * 5 + 0.3 * noise(s * 1000 + k)))
    } else if (input == "many") {
        row("class,x,y")
        for (i = 0; i < count; i++) {
            c = i % 4; a = sqrt(-2 * log(1 - noise(i))); b = 6.2831853 * noise(i + 0.5)
            row(sprintf("class %d,%.4f,%.4f", c, c + a * cos(b), (c % 2) * 3 + a * sin(b)))
        }
    } else if (input == "spikes") {
        row("method,seed,iteration,loss")
        for (s = 0; s < 2; s++) for (k = 0; k < 20000; k++)
            row(sprintf("vae,s%d,%d,%.4f", s, k, 1 + exp(-k / 4000) + 0.05 * noise(k + s) + (k == 7000 + s ? 4 : 0)))
    } else if (input == "wide") {
        row("class,x,y")
        for (i = 0; i < 400; i++) row(sprintf("class %d,%.4f,%.4f", i % 3, 10 * noise(i), (i % 3) / 2 + noise(i + 1000)))
    } else if (input == "signs") {
        row("method,seed,samples,error")
        for (k = 1; k <= 8; k++) for (s = 0; s < 4; s++)
            row(sprintf("vae,s%d,%d,%.6f", s, k, (noise(10 * k + s) - 0.5) * exp(k - 4)))
    } else if (input == "facets") {
        n = long_names()
        m = split("CIFAR-10 with horizontal flips|MNIST, statically binarised", set, "|")
        row("method,dataset,step,seed,loss")
        for (c = 1; c <= n; c++) for (d = 1; d <= m; d++) for (k = 1; k <= 4; k++) for (s = 0; s < 3; s++)
            row(sprintf("\"%s\",\"%s\",%d,s%d,%.4f", name[c], set[d], k * 1000, s, c + d + noise(c * 100 + d * 10 + k + s)))
    } else if (input == "plane") {
        row("x,y,height")
        for (i = 0; i <= 20; i++) for (j = 0; j <= 20; j++) row(sprintf("%.2f,%.2f,%.5f", i / 10, j / 10, sin(i / 4) * cos(j / 5)))
    } else if (input == "grid") {
        row("rate,width,gain")
        for (i = 1; i <= 12; i++) for (j = 1; j <= 14; j++)
            row(sprintf("1e-%d,%d,%.5f", i, 8 * j, (i == 3 && j == 9) ? -12345.678 : noise(i * 50 + j) - 0.5))
    } else if (input == "balance") {
        n = long_names()
        row("method,seed,gain")
        for (c = 1; c <= n; c++) for (s = 0; s < 5; s++) row(sprintf("m%d,s%d,%.4f", c, s, 2 * noise(c * 10 + s) - 1))
    } else if (input == "shades") {
        row("rate,step,loss")
        for (r = 1; r <= 30; r++) for (k = 0; k <= 12; k++)
            row(sprintf("%.3f,%d,%.4f", r / 100, k, 1 + exp(-k * r / 60) + r / 60))
    } else if (input == "spread") {
        row("method,seed,loss")
        for (c = 1; c <= 3; c++) for (s = 0; s < 40; s++)
            row(sprintf("method %d,s%d,%.4f", c, s, c + noise(c * 100 + s) + noise(c * 300 + s)))
    } else if (input == "times") {
        # Summer and winter time: the offset changes.
        row("when,method,seed,loss")
        for (d = 1; d <= 30; d++) for (m = 0; m < 2; m++) for (s = 0; s < 3; s++)
            row(sprintf("2026-%02d-%02dT%02d:30:00%s,%s,s%d,%s", d < 16 ? 3 : 4, d < 16 ? 15 + d : d - 15, d % 24, d < 14 ? "+01:00" : "+02:00", m ? "iwae" : "vae", s, d == 9 ? "nan" : sprintf("%.4f", -2 - m + noise(d * 10 + m + s * 100))))
    } else if (input == "tied") {
        # Forty methods over twelve data sets, rounded so that many are equal; one has no number on one.
        n = long_names()
        row("method,dataset,seed,score")
        for (c = 1; c <= 40; c++) for (d = 1; d <= 12; d++) for (s = 0; s < 2; s++)
            row(sprintf("\"%s\",set %d,s%d,%s", c <= n ? name[c] : "method-" c, d, s, (c == 3 && d == 5) ? "nan" : sprintf("%.1f", c / 20 - 1 + noise(c * 50 + d * 3 + s))))
    } else if (input == "rivals") {
        n = long_names()
        row("method,dataset,score")
        for (c = 1; c <= n; c++) for (d = 1; d <= 15; d++) row(sprintf("\"%s\",set %d,%.3f", name[c], d, c / 6 + noise(c * 50 + d)))
    } else if (input == "trade") {
        n = long_names()
        row("method,dataset,seed,cost,score")
        for (c = 1; c <= n; c++) for (d = 1; d <= 3; d++) for (s = 0; s < (d == 2 ? 1 : 4); s++)
            row(sprintf("\"%s\",set %d,s%d,%.4f,%s", name[c], d, s, exp(c / 2 + noise(c + s + d)), (c == 2 && d == 1) ? "nan" : sprintf("%.4f", noise(c * 9 + d) - 2 + 0.2 * noise(c * 50 + d * 3 + s))))
    } else if (input == "columns") {
        row("class,length of the petal (measured by hand),energy,offset,constant,error")
        for (i = 0; i < count; i++)
            row(sprintf("class %d,%.4f,%s,%.3f,1,%.3e", i % 3, -3 + i % 3 + noise(i), i % 50 ? sprintf("%.4f", noise(i) * noise(i + 7)) : "nan", 1e6 + noise(i + 3), exp(8 * noise(i + 9))))
    } else if (input == "empty") {
        row("method,step,loss")
        row("vae,1,"); row("vae,2,")
    } else {
        print "no input is called " input > "/dev/stderr"
        exit 1
    }
}
