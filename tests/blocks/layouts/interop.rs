//! Values of all layouts through serde, approx and ONNX.

use super::*;
#[cfg(feature = "serde")]
use dnn_blocks::train::regularization::Mask;

#[cfg(feature = "approx")]
#[test]
fn comparisons_with_a_tolerance() {
    use approx::{AbsDiffEq, RelativeEq};
    let parameters = tanh_network::<f64>(&[3, 5, 2]);
    let gradients = gradients_like(&parameters);
    for layout in owned() {
        let (mut laid, gradients_laid) =
            (laid_network(layout, &parameters), laid_gradients(layout, &gradients));
        assert!(laid.abs_diff_eq(&parameters, 0.0) && gradients_laid.abs_diff_eq(&gradients, 0.0));
        laid.layers_mut()[0].w[[4, 2]] += 1e-3;
        assert!(laid.relative_ne(&parameters, 1e-9, 1e-9), "{layout:?}");
    }
}

#[cfg(feature = "serde")]
#[test]
fn serialized_values() {
    let parameters = tanh_network::<f64>(&[3, 5, 2]);
    let gradients = gradients_like(&parameters);
    let mask = Mask::draw(3, 4, 0.5, &mut NumpyRandom::seed(1)).unwrap();
    let scaler = Standardizer::from_columns(random(3, 1), shares(3, 1)).unwrap();
    let text = |value: &dyn Fn() -> serde_json::Result<String>| value().unwrap();
    let expected = [
        text(&|| serde_json::to_string(&parameters)),
        text(&|| serde_json::to_string(&gradients)),
        text(&|| serde_json::to_string(&mask)),
        text(&|| serde_json::to_string(&scaler)),
    ];
    for layout in owned() {
        let laid = |matrix: &Array2<f64>| Laid::new(layout, matrix).owned();
        let mask = Mask { d: laid(&mask.d), ..mask };
        let scaler =
            Standardizer::from_columns(laid(scaler.mean()), laid(scaler.std_dev())).unwrap();
        let found = [
            text(&|| serde_json::to_string(&laid_network(layout, &parameters))),
            text(&|| serde_json::to_string(&laid_gradients(layout, &gradients))),
            text(&|| serde_json::to_string(&mask)),
            text(&|| serde_json::to_string(&scaler)),
        ];
        assert_eq!(found, expected, "{layout:?}");
    }
}

#[cfg(feature = "onnx")]
#[test]
fn onnx_models() {
    let parameters = tanh_network::<f32>(&[3, 5, 2]);
    let (mean, deviation) = (random::<f32>(3, 1), shares::<f32>(3, 1));
    let scaler = Standardizer::from_columns(mean.clone(), deviation.clone()).unwrap();
    let expected = parameters.to_onnx(Some(&scaler)).unwrap();
    for layout in owned() {
        let laid = |matrix: &Array2<f32>| Laid::new(layout, matrix).owned();
        let scaler = Standardizer::from_columns(laid(&mean), laid(&deviation)).unwrap();
        let found = laid_network(layout, &parameters).to_onnx(Some(&scaler)).unwrap();
        assert!(found == expected, "{layout:?}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.onnx");
        laid_network(layout, &parameters).save_onnx(&path, Some(&scaler)).unwrap();
        assert!(std::fs::read(&path).unwrap() == expected, "{layout:?}");
    }
}
