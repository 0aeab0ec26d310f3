"""Adam as TensorFlow's fused operation: one pass over memory where Keras makes ten."""

from __future__ import annotations

from mangastyle import kernels
from mangastyle.engine import keras, tf


class FusedAdam(keras.optimizers.Adam):
    """`keras.optimizers.Adam` without amsgrad: the same update and the same variables, hence the same checkpoints.

    References
    ----------
    D. Kingma and J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.

    Examples
    --------
    >>> variable, optimizer = keras.Variable([1.0, 2.0]), FusedAdam(0.1)
    >>> optimizer.apply([tf.constant([3.0, -5.0])], [variable])
    >>> [round(float(x), 3) for x in variable.numpy()]
    [0.9, 2.1]
    """

    def update_step(self, gradient: tf.Tensor, variable: keras.Variable, learning_rate: tf.Tensor) -> None:
        """Update `variable` and its two moments in place."""
        if not kernels.enabled():
            super().update_step(gradient, variable, learning_rate)
            return
        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(tf.cast(self.beta_1, variable.dtype), step),
            beta2_power=tf.pow(tf.cast(self.beta_2, variable.dtype), step),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=tf.cast(gradient, variable.dtype),
        )
