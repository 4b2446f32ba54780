//! Writes a checkpoint whose numbers are known: `tests/python/checkpoint.py` reads it with Python's
//! own safetensors package. `cargo run --example checkpoint -- FILE`

use sweepline::nn::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("which file?")?;
    let mut params = Params::new(&Cpu::default());
    let mut builder = params.builder(Seed::new(1));
    let network = Mlp::new(&mut builder.part("net"), &[3, 2, 1], Activation::Tanh);
    for index in 0..params.len() {
        let n = params.values(index).len();
        params.set(index, (0..n).map(|i| (10 * index + i) as f32).collect())?;
    }
    let mut optimizer = Optimizer::new(&params, Algorithm::adam(0.9, 0.999), 1e-3);
    optimizer.lr = 0.0; // the numbers stay, the moments move
    let pass = params.record();
    let x = pass.device().matrix(vec![0.1, -0.2, 0.3], 1, 3);
    let loss = network.forward(&pass, x).sum();
    let gradients = pass.backward(loss);
    optimizer.update(&mut params, &gradients);
    let header = Header {
        iteration: 1,
        config: serde_json::json!({ "model": "example" }),
    };
    let bytes = checkpoint::to_bytes(&header, &params, &[("adam", &optimizer)])?;
    std::fs::write(path, bytes)?;
    Ok(())
}
