//! The critical path: the chain of steps that no number of processors makes shorter.

use super::Step;

/// Positions of the longest chain by seconds, in order of running. Steps that did not run in this
/// run cost nothing and do not appear. A step that waits for itself, which no plan has, is left out.
pub fn critical_path(steps: &[Step]) -> Vec<usize> {
    let cost = |i: usize| match steps[i].start {
        Some(_) => steps[i].seconds.unwrap_or(0.0).max(0.0),
        None => 0.0,
    };
    let mut waiting: Vec<usize> = vec![0; steps.len()];
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
    for (i, step) in steps.iter().enumerate() {
        for &before in step.after.iter().filter(|&&before| before < steps.len()) {
            waiting[i] += 1;
            next[before].push(i);
        }
    }
    let mut ready: Vec<usize> = (0..steps.len()).filter(|&i| waiting[i] == 0).collect();
    let mut finish = vec![0.0; steps.len()];
    let mut came_from: Vec<Option<usize>> = vec![None; steps.len()];
    let mut last: Option<usize> = None;
    while let Some(i) = ready.pop() {
        finish[i] += cost(i);
        // The first of equals by position, so that the answer does not depend on the order here.
        let better = last
            .is_none_or(|last| finish[i] > finish[last] || (finish[i] == finish[last] && i < last));
        if better {
            last = Some(i);
        }
        for &after in &next[i] {
            let later = finish[i] > finish[after];
            let same = finish[i] == finish[after];
            if later || (same && came_from[after].is_none_or(|from| i < from)) {
                finish[after] = finish[i];
                came_from[after] = Some(i);
            }
            waiting[after] -= 1;
            if waiting[after] == 0 {
                ready.push(after);
            }
        }
    }
    let mut path = Vec::new();
    while let Some(i) = last {
        if steps[i].start.is_some() {
            path.push(i);
        }
        last = came_from[i];
    }
    path.reverse();
    path
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    fn step(seconds: f64, after: &[usize]) -> Step {
        Step {
            name: String::new(),
            stage: String::new(),
            cell: String::new(),
            state: State::Ran,
            start: Some(0.0),
            seconds: Some(seconds),
            key: String::new(),
            after: after.to_vec(),
        }
    }

    #[test]
    fn the_longest_chain_counts_seconds_and_not_steps() {
        // 0 → 1 → 3 takes 1 + 5 + 1; 0 → 2 → 4 → 3 takes 1 + 1 + 2 + 1.
        let steps = [
            step(1.0, &[]),
            step(5.0, &[0]),
            step(1.0, &[0]),
            step(1.0, &[1, 4]),
            step(2.0, &[2]),
        ];
        assert_eq!(critical_path(&steps), [0, 1, 3]);
    }

    #[test]
    fn reused_steps_cost_nothing() {
        let mut steps = [step(100.0, &[]), step(1.0, &[0]), step(2.0, &[])];
        steps[0].start = None;
        assert_eq!(critical_path(&steps), [2]);
        assert_eq!(critical_path(&[]), Vec::<usize>::new());
    }

    #[test]
    fn a_cycle_is_left_out_rather_than_followed() {
        let steps = [step(1.0, &[1]), step(1.0, &[0]), step(0.5, &[9])];
        assert_eq!(critical_path(&steps), [2]);
    }
}
