//! Learning-rate schedules: the course's cases, the formulas, and refused numbers.

use crate::support::reference::{assert_number, cases, number};
use dnn_blocks::Error;
use dnn_blocks::prelude::*;
use dnn_blocks::train::schedule::{Plateau, schedule_lr_decay, update_lr};

const EVERY: [Schedule; 8] = [
    Schedule::Constant,
    Schedule::InverseTime { decay_rate: 0.7 },
    Schedule::Intervals { decay_rate: 0.7, time_interval: 3 },
    Schedule::Step { factor: 0.5, every: 3 },
    Schedule::Exponential { decay_rate: 0.1 },
    Schedule::Cosine { warm_up: 5, total: 25, lowest: 0.001 },
    Schedule::Cosine { warm_up: 0, total: 1, lowest: 0.0 },
    Schedule::InverseScaling { power: 1.5 },
];

#[test]
fn cases_of_the_course() {
    for (inputs, expected) in cases("c2w2_update_lr") {
        let [rate, epoch, decay] =
            ["learning_rate0", "epoch_num", "decay_rate"].map(|name| number(&inputs[name]));
        assert_eq!(update_lr(rate, epoch as usize, decay), number(&expected["learning_rate"]));
    }
    for (inputs, expected) in cases("c2w2_schedule_lr_decay") {
        let [rate, epoch, decay, interval] =
            ["learning_rate0", "epoch_num", "decay_rate", "time_interval"]
                .map(|name| number(&inputs[name]));
        let found = schedule_lr_decay(rate, epoch as usize, decay, interval as usize);
        assert_eq!(found, number(&expected["learning_rate"]));
    }
}

/// Each variant against its formula.
#[test]
fn every_variant_is_its_formula() {
    for epoch in 0..40_usize {
        let t = epoch as f64;
        let thirds = f64::from((epoch / 3) as u32);
        let cosine = match epoch {
            0..5 => 0.2 * (t + 1.0) / 6.0,
            5..25 => {
                0.001
                    + (0.2 - 0.001) * (1.0 + (std::f64::consts::PI * (t - 5.0) / 20.0).cos()) / 2.0
            }
            _ => 0.001,
        };
        let expected = [
            0.2,
            0.2 / (1.0 + 0.7 * t),
            0.2 / (1.0 + 0.7 * thirds),
            0.2 * 0.5_f64.powf(thirds),
            0.2 / 0.1_f64.exp().powf(t),
            cosine,
            if epoch == 0 { 0.2 } else { 0.0 },
            0.2 / ((t + 1.0) * (t + 1.0).sqrt()),
        ];
        for (schedule, expected) in EVERY.iter().zip(expected) {
            let found = schedule.at(0.2, epoch);
            assert_number(&format!("{schedule:?} at {epoch}"), found, expected, 1e-13);
        }
    }
}

#[test]
fn a_cosine_rises_to_its_rate_and_falls_to_its_lowest() {
    let rates: Vec<_> = (0..30).map(|epoch| EVERY[5].at(0.2, epoch)).collect();
    assert!(rates[..6].is_sorted() && rates[0] > 0.0 && rates[5] == 0.2);
    assert!(rates[5..].iter().rev().is_sorted());
    assert!(rates[24] > 0.001 && rates[25] == 0.001);
}

#[test]
fn rates_stay_finite_and_in_range() {
    for schedule in EVERY {
        schedule.check::<f64>().unwrap();
        for epoch in [0, 1, 1 << 31, 1 << 53, usize::MAX - 1, usize::MAX] {
            for rate in [0.0, f64::MIN_POSITIVE, 0.1, f64::MAX] {
                let found = schedule.at(rate, epoch);
                assert!((0.0..=rate.max(0.001)).contains(&found), "{schedule:?} {epoch}: {found}");
            }
        }
    }
    for decay_rate in [0.0, 1e-300, f64::MAX] {
        for epoch in [0, 1, usize::MAX] {
            for schedule in
                [Schedule::InverseTime { decay_rate }, Schedule::Exponential { decay_rate }]
            {
                assert!((0.0..=0.5).contains(&schedule.at(0.5, epoch)), "{schedule:?} {epoch}");
            }
        }
    }
    let longest = Schedule::Cosine { warm_up: usize::MAX - 1, total: usize::MAX, lowest: 0.0 };
    assert!((0.0..=0.5).contains(&longest.at(0.5, usize::MAX / 2)));
}

/// Schedules that `check` refuses still return a rate.
#[test]
fn intervals_of_0_do_not_panic() {
    let intervals = Schedule::Intervals { decay_rate: 1.0, time_interval: 0 };
    assert_eq!([0, 3].map(|epoch| intervals.at(1.0, epoch)), [1.0, 0.25]);
    assert_eq!(schedule_lr_decay(1.0, 3, 1.0, 0), 0.25);
    assert_eq!(Schedule::Step { factor: 0.5, every: 0 }.at(1.0, 2), 0.25);
    let none = Schedule::Cosine { warm_up: 0, total: 0, lowest: 0.3 };
    assert_eq!([0, 7].map(|epoch| none.at(1.0, epoch)), [0.3; 2]);
    let all = Schedule::Cosine { warm_up: 4, total: 2, lowest: 0.3 };
    assert_eq!([1, 3, 4].map(|epoch| all.at(1.0, epoch)), [0.4, 0.8, 0.3]);
}

#[test]
fn useless_numbers_are_refused_by_name() {
    let refused = |schedule: Schedule, expected: &str, number: f64| {
        let Err(Error::Hyperparameter { name, value, .. }) = schedule.check::<f64>() else {
            panic!("{schedule:?}");
        };
        assert_eq!(name, expected, "{schedule:?}");
        assert!(value == number || (value.is_nan() && number.is_nan()), "{schedule:?}: {value}");
    };
    for wrong in [f64::NAN, -0.1, f64::INFINITY, f64::NEG_INFINITY] {
        refused(Schedule::InverseTime { decay_rate: wrong }, "decay_rate", wrong);
        refused(Schedule::Exponential { decay_rate: wrong }, "decay_rate", wrong);
        let intervals = Schedule::Intervals { decay_rate: wrong, time_interval: 1 };
        refused(intervals, "decay_rate", wrong);
        refused(Schedule::Step { factor: wrong, every: 1 }, "factor", wrong);
        refused(Schedule::Cosine { warm_up: 0, total: 9, lowest: wrong }, "lowest", wrong);
    }
    for wrong in [0.0, 1.1] {
        refused(Schedule::Step { factor: wrong, every: 1 }, "factor", wrong);
    }
    refused(Schedule::Intervals { decay_rate: 1.0, time_interval: 0 }, "time_interval", 0.0);
    refused(Schedule::Step { factor: 0.5, every: 0 }, "every", 0.0);
    refused(Schedule::Cosine { warm_up: 4, total: 4, lowest: 0.0 }, "total", 4.0);
    let rule = Schedule::Cosine { warm_up: 0, total: 0, lowest: 0.0 }.check::<f64>().unwrap_err();
    assert_eq!(rule.to_string(), "total is 0, but must be more than warm_up");
    for fine in [0.0, 1e300] {
        Schedule::InverseTime { decay_rate: fine }.check::<f64>().unwrap();
    }
    Schedule::Step { factor: 1.0, every: usize::MAX }.check::<f64>().unwrap();
}

#[test]
fn inverse_scaling_alone_counts_examples() {
    let counts = EVERY.map(Schedule::counts_examples);
    assert_eq!(counts, EVERY.map(|schedule| matches!(schedule, Schedule::InverseScaling { .. })));
}

#[test]
fn a_plateau_multiplies_the_rate_down_to_its_lowest() {
    let plateau = Plateau::new(0.25, 3).lowest(0.1);
    assert_eq!((plateau.factor, plateau.patience, plateau.lowest), (0.25, 3, 0.1));
    assert_eq!([1.0, 0.5, 0.1].map(|rate| plateau.reduce(rate)), [0.25, 0.125, 0.1]);
    assert_eq!(plateau.reduce(0.3), 0.1);
    assert_eq!(plateau.reduce(0.05), 0.05, "a rate below the lowest stays");
    assert_eq!(Plateau::new(0.5, 1).reduce(1e-3), 5e-4);

    plateau.check::<f64>().unwrap();
    let refused = |plateau: Plateau| match plateau.check::<f32>() {
        Err(Error::Hyperparameter { name, .. }) => name,
        result => panic!("{plateau:?}: {result:?}"),
    };
    for factor in [0.0, -0.5, 1.0, 1.5, f64::NAN] {
        assert_eq!(refused(Plateau::new(factor, 3)), "plateau.factor");
    }
    assert_eq!(refused(Plateau::new(0.5, 0)), "plateau.patience");
    for lowest in [-0.1, f64::NAN, 1e300] {
        assert_eq!(refused(Plateau::new(0.5, 1).lowest(lowest)), "plateau.lowest");
    }
}
