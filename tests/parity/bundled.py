"""The bundled network in Keras."""
import json

import h5py
import keras


def bundled_model(path):
    """(model, {name in the model: name in the file}). The file is of Keras 2.2.4; its network is that of
    keras.applications, with its weights set by hand."""
    with h5py.File(path) as file:
        config = json.loads(file.attrs["model_config"])
        layers = [layer["config"]["name"] for layer in config["config"]["layers"]]
        full = keras.applications.InceptionV3(weights=None, include_top=False)
        model = keras.Model(full.inputs, full.get_layer("mixed5").output)
        group = file["model_weights"]
        named = [name for name in layers if name in group and len(group[name].attrs["weight_names"])]
        weighted = [layer for layer in model.layers if layer.weights]
        assert len(named) == len(weighted)
        names = {}
        for name, layer in zip(named, weighted):
            layer.set_weights([group[name][weight][()] for weight in group[name].attrs["weight_names"]])
            names[layer.name] = name
    names.update({layer.name: layer.name for layer in model.layers if layer.name.startswith("mixed")})
    return model, names
